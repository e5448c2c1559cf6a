"""The public functions, one file a topic; `lineage_audit` itself names them. Nothing else of the package knows them.

What is given is checked before any work, and what does the work is loaded when it is called: the import costs nothing.
"""
