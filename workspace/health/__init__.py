"""Health: whether this process can serve, for a load balancer, and whether all is well, for whoever watches."""
