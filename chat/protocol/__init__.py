"""What the members of a room say to each other. Bytes, time and wishes in; packets and events out. Nothing here does I/O."""
