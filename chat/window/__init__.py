"""The window's parts. They are given plain data and call back; none of them knows a session, a network or the protocol."""
