"""What a shell offers behind a command: its words and options, and what a project has of keys, jobs and files.

It answers while a person types: no command is imported, options come from `arguments.json`. It reads files, sends
nothing, reads no secret, writes nothing, and where something is wrong it offers less and is silent.
"""
