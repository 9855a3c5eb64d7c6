"""Mail: the outbox that features hand rows to, and the postman."""
