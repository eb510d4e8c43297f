"""The commands, one module each: `add_arguments(parser)`, `run(args, console) -> Outcome`, and what help says."""

from __future__ import annotations

GROUPS: dict[str, dict[str, str]] = {
    "Start here": {
        "demo": "run an example campaign against an embedded emulator, no account needed",
        "init": "write a first manifest and an example graph into this folder",
        "validate": "check the manifest and its files, without network or credentials",
    },
    "The main job": {
        "plan": "show what would change on the service, and why",
        "apply": "apply the plan: keys, jobs, results",
        "lock": "write down what the searches of campaigns find",
        "destroy": "delete the project's keys and forget its jobs",
    },
    "Look": {
        "show": "a plan that `plan --out` saved, as text, Markdown or HTML",
        "status": "the state of every key and job, and what is next",
        "report": "a page with a map, a calendar and a table of the jobs",
        "results": "which files the jobs left, and where",
        "logs": "the log of a job",
        "deps": "what depends on what, also as a drawing",
        "why": "why an address would change, or why it waits",
        "explain": "what a diagnostic code means, and how to correct it",
    },
    "Decide and repair": {
        "import": "take over a key or a job that exists already",
        "resolve": "decide what became of a launch whose answer was lost",
        "cancel": "stop jobs that are running",
        "forget": "stop managing a job",
        "ledger": "show, verify, copy, compact or rebuild the ledger, or create its table in a database",
        "doctor": "check secrets, account and service, and find what a plan would",
    },
    "For tools": {
        "completion": "print the script that has a shell complete commands, options and addresses",
        "schema": "print a JSON schema: manifest, plan, apply-result, status, ledger-event, diagnostics, policy",
        "emulator": "run a local EOCanvas for trying things out",
    },
}
SUMMARIES = {name: summary for group in GROUPS.values() for name, summary in group.items()}

# What kubectl, Terraform, DVC and Snakemake call it, and what does it here.
ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("check", "fmt", "lint", "test"), "validate"),
    **dict.fromkeys(("diff", "preview", "refresh", "simulate"), "plan"),
    **dict.fromkeys(("create", "deploy", "launch", "repro", "reproduce", "run", "start", "submit", "sync"), "apply"),
    **dict.fromkeys(("retry", "rerun", "restart", "resume"), "apply --retry-failed"),
    **dict.fromkeys(("replace", "taint"), "apply --relaunch ADDRESS"),
    **dict.fromkeys(("get", "info", "list", "ls", "ps", "queue", "state", "top", "watch"), "status"),
    **dict.fromkeys(("describe",), "why ADDRESS"),
    **dict.fromkeys(("dashboard", "html", "map"), "report"),
    **dict.fromkeys(("download", "fetch", "output", "outputs", "pull"), "results"),
    **dict.fromkeys(("abort", "dismiss", "kill", "stop"), "cancel"),
    **dict.fromkeys(("history", "events"), "ledger show"),
    **dict.fromkeys(("auth", "login", "ping"), "doctor"),
    **dict.fromkeys(("new", "quickstart"), "init"),
    **dict.fromkeys(("dag", "graph"), "deps"),
    "freeze": "lock",
    **dict.fromkeys(("V", "version"), "--version"),
}

# What takes one thing away there. Here `destroy` takes all, so that it must not be suggested.
REMOVALS = ("clean", "delete", "del", "down", "drop", "erase", "purge", "remove", "rm", "teardown", "uninstall", "wipe")
