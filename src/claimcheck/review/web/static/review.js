// Keys and small comforts. Every page works without this file; it only presses what is on the page already.
//   data-key="c"      the element that the key c presses, checks or puts the cursor in
//   data-go="q"       the link that g q follows
//   data-row          a row that j and k walk through; the row's link is what gets the focus
//   data-reasons      a group of reasons that digits choose from while the focus is in it
(() => {
  "use strict";

  const KEYS_OFF = "claimcheck-keys-off";
  const GO_MS = 1500;
  const live = () => document.getElementById("live");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isShown = element => element.getClientRects().length > 0 || element.type === "hidden";
  let goUntil = 0;

  function announce(text) {
    const region = live();
    if (!region) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 60);
  }

  function isTyping(element) {
    if (!element || !element.matches) return false;
    if (element.matches("textarea, select, [contenteditable=true]")) return true;
    return element.matches("input") && !["checkbox", "radio", "button", "submit"].includes(element.type);
  }

  const keysAreOff = () => { try { return localStorage.getItem(KEYS_OFF) === "1"; } catch { return false; } };

  // Rows
  const rows = () => all("[data-row]");
  const rowOf = element => element && element.closest ? element.closest("[data-row]") : null;

  function move(step) {
    const list = rows();
    if (!list.length) return false;
    const here = list.indexOf(rowOf(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : list.length - 1) : here + step;
    if (next < 0 || next >= list.length) {
      announce(step > 0 ? "Last row of this page" : "First row of this page");
      return true;
    }
    const link = list[next].querySelector("a");
    link.focus();
    list[next].scrollIntoView({ block: "nearest" });
    return true;
  }

  // One element for a key: inside the row that has the focus if there is one, else the first on the page.
  function pressed(key) {
    const selector = `[data-key~="${CSS.escape(key)}"]`;
    const row = rowOf(document.activeElement);
    const inRow = row ? all(selector, row) : [];
    return [...inRow, ...all(selector).filter(element => !element.closest("[data-row]"))].find(isShown);
  }

  function firstReason(form, kind) {
    const group = form.querySelector(`.reasons.${kind}`);
    const radio = group && group.querySelector("input:checked, input");
    if (!radio) return false;
    radio.focus();
    radio.closest("fieldset").scrollIntoView({ block: "nearest" });
    announce(`${group.querySelector("legend").textContent}: press the number of the reason, then Enter`);
    return true;
  }

  function press(element) {
    if (element.type === "radio") {
      element.checked = true;
      element.dispatchEvent(new Event("change", { bubbles: true }));
      // What needs no reason is saved by Enter at once.
      if (!firstReason(element.form, element.value.split(":")[0])) element.focus();
    } else if (element.type === "checkbox") {
      element.click();
      announce(element.checked ? "Selected" : "Not selected");
    } else if (isTyping(element)) {
      element.focus();
      if (element.select) element.select();
    } else if (!element.disabled) {
      element.click();
    }
  }

  function chooseReason(digit) {
    const group = document.activeElement && document.activeElement.closest("[data-reasons]");
    if (!group) return false;
    const radio = all("input[type=radio]", group)[digit - 1];
    if (!radio) return true;
    radio.checked = true;
    radio.focus();
    if (radio.value === "other") {
      const note = radio.form.querySelector("textarea");
      if (note) note.focus();
    }
    return true;
  }

  function leave(target) {
    const open = document.querySelector("details.menu[open]");
    if (open) open.open = false;
    if (target && target.blur) target.blur();
  }

  function handled(event) {
    const key = event.key;
    if (goUntil > Date.now()) {
      goUntil = 0;
      const link = all("[data-go]").find(element => element.dataset.go === key);
      if (link) link.click();
      return Boolean(link);
    }
    if (key === "g") { goUntil = Date.now() + GO_MS; return true; }
    if (/^[1-9]$/.test(key) && chooseReason(Number(key))) return true;
    if (key === "j" || key === "k") { if (move(key === "j" ? 1 : -1)) return true; }
    const element = pressed(key === " " ? "Space" : key);
    if (!element && key === " ") { announce("This row cannot be selected: it is not open"); return true; }
    if (!element) return false;
    press(element);
    return true;
  }

  document.addEventListener("keydown", event => {
    const target = event.target;
    if (event.key === "Escape") { leave(target); return; }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target.form) {
      event.preventDefault();
      target.form.requestSubmit();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && !"jk".includes(event.key)) return;
    if (isTyping(target) || document.querySelector("dialog[open]")) return;
    if (keysAreOff() && event.key !== "?") return;
    // A space presses the button that has the focus; only on a row's link does it select the row.
    if (event.key === " " && !(rowOf(target) && target.matches("a"))) return;
    if (handled(event)) event.preventDefault();
  });

  // Submitting once is enough.
  document.addEventListener("submit", event => {
    if (event.defaultPrevented) return;
    const form = event.target;
    // A download leaves the page as it is, and may be asked for again.
    if ("download" in form.dataset) return;
    if (form.dataset.sent === "1") { event.preventDefault(); return; }
    if (form.method === "post" && !form.hasAttribute("hx-post")) form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach(form => delete form.dataset.sent));

  document.addEventListener("click", event => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog && dialog.showModal) { event.preventDefault(); dialog.showModal(); }
    }
  });

  document.addEventListener("change", event => {
    const target = event.target;
    if (target.matches("#pick-all")) all("input[name=finding]").forEach(box => { box.checked = target.checked; });
    if (target.matches("#pick-all, input[name=finding]")) count();
    if (target.matches("#keys-on")) {
      try { localStorage.setItem(KEYS_OFF, target.checked ? "0" : "1"); } catch { /* private mode: the setting lasts for the page */ }
    }
    if (target.matches("select[data-bulk-choice]")) fitReasons(target);
  });

  function count() {
    const chosen = all("input[name=finding]:checked").length;
    all("[data-chosen]").forEach(element => { element.textContent = chosen; });
  }

  // In the bulk bar one list holds the reasons of every kind; only those of the chosen kind can be taken.
  function fitReasons(choice) {
    const kind = choice.value.split(":")[0];
    const reasons = choice.form.querySelector("select[name=reason]");
    all("optgroup", reasons).forEach(group => { group.disabled = group.hidden = group.dataset.kind !== kind; });
    const first = all("optgroup:not([disabled]) option", reasons)[0];
    if (reasons.selectedOptions[0]?.parentElement.disabled) reasons.value = first ? first.value : "";
  }

  function settle() {
    all("[data-script]").forEach(element => { element.hidden = false; });
    const on = document.getElementById("keys-on");
    if (on) on.checked = !keysAreOff();
    const said = document.getElementById("said");
    const box = said && said.closest(".text");
    if (box) box.scrollTop = said.offsetTop - box.offsetTop - box.clientHeight / 3;
    all("select[data-bulk-choice]").forEach(fitReasons);
    count();
  }

  document.addEventListener("DOMContentLoaded", () => {
    settle();
    // After an act on a row of the queue, its author is back on that row.
    const row = location.hash.startsWith("#f-") && document.getElementById(location.hash.slice(1));
    if (row) row.querySelector("a").focus();
    const told = all("[data-tell]").map(element => element.textContent.trim().replace(/\s+/g, " ")).join(". ");
    if (told) announce(told);
  });
  document.addEventListener("htmx:afterSettle", () => {
    settle();
    const told = document.querySelector("#results [data-count]");
    if (told) announce(told.textContent);
  });
  document.addEventListener("htmx:responseError", event => {
    announce(event.detail.xhr.status === 401 ? "You are signed out: load the page again" : "That did not work: load the page again");
  });
})();
