"""The scheduling process: plan due slots, publish due runs, rescue lost ones."""
