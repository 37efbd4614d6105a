"""The transport by messages: a broker's queues on one side, the use cases on the other."""
