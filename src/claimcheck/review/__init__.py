"""The reviewers' workbench: accounts, a queue of findings, decisions that are added to and never changed, a trail."""
