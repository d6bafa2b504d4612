"""The pages for people: every address, what answers it and which role it takes."""

from starlette.routing import Route

from claimcheck.review.permissions import Act

__all__ = ["routes"]


def routes() -> list[Route]:
    """Return the routes of all pages but signing in and out."""
    from claimcheck.review.web.pages import account, dashboard, deciding, finding, people, queue, sites, trail
    from claimcheck.review.web.pages.door import page

    reads = [
        Route("/", page(queue.home)),
        Route("/queue", page(queue.queue_page)),
        Route("/findings/{finding}", page(finding.finding_page)),
        Route("/findings/{finding}/text", page(finding.text_page)),
        Route("/findings/{finding}/records", page(finding.records_page)),
        Route("/conflicts", page(dashboard.conflicts_page, Act.ADJUDICATE)),
        Route("/dashboard", page(dashboard.dashboard_page)),
        Route("/sites", page(sites.sites_page)),
        Route("/sites/{site}", page(sites.site_page)),
        Route("/trail", page(trail.trail_page, Act.READ_TRAIL)),
        Route("/people", page(people.people_page, Act.MANAGE_ACCOUNTS)),
        Route("/account", page(account.account_page)),
        Route("/help", page(account.help_page)),
    ]
    acts = [
        ("/queue/bulk", queue.decide_bulk, Act.DECIDE),
        ("/queue/undo", queue.undo_bulk, Act.DECIDE),
        ("/views", queue.keep_view, Act.READ),
        ("/views/{view}/delete", queue.remove_view, Act.READ),
        ("/findings/{finding}/decide", deciding.decide_finding, Act.DECIDE),
        ("/findings/{finding}/adjudicate", deciding.settle_finding, Act.ADJUDICATE),
        ("/findings/{finding}/undo", deciding.undo_finding, Act.DECIDE),
        ("/findings/{finding}/note", deciding.note_finding, Act.DECIDE),
        ("/findings/{finding}/assign", deciding.give_finding, Act.DECIDE),
        ("/findings/{finding}/lease", deciding.keep_finding, Act.DECIDE),
        ("/dashboard/options", dashboard.set_team_options, Act.SET_OPTIONS),
        ("/sites/{site}/casefile", sites.case_file, Act.READ),
        ("/trail/verify", trail.verify_page, Act.READ_TRAIL),
        ("/people/add", people.add_person, Act.MANAGE_ACCOUNTS),
        ("/people/{name}/role", people.change_role, Act.MANAGE_ACCOUNTS),
        ("/people/{name}/active", people.change_active, Act.MANAGE_ACCOUNTS),
        ("/people/{name}/password", people.reset_password, Act.MANAGE_ACCOUNTS),
        ("/account/password", account.new_password, Act.READ),
        ("/account/tokens", account.new_token, Act.READ),
        ("/account/tokens/{token}/revoke", account.end_token, Act.READ),
    ]
    return [*reads, *(Route(path, page(handler, act), methods=["POST"]) for path, handler, act in acts)]
