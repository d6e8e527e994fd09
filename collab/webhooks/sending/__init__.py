"""From the log to a webhook's address: the line of its deliveries, and the job that sends them."""
