"""The audit log: who did what to whose access, when, from where, and why."""
