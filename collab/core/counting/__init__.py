"""What limits count by: windows of time, and the networks that addresses stand for."""
