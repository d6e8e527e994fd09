"""From the log to a webhook's address: the queue of its deliveries, and the job that sends them."""
