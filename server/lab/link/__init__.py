"""A link as bad as a village's, between two network namespaces: for measuring what a line costs, packet by packet.

The kernel's own TCP runs at both ends and sees true delay, loss and queueing; a process here carries every IP packet
from one end to the other, because not every kernel can be told to spoil a line by itself.
"""
