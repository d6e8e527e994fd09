"""The door for Socket.IO (protocol 5, on Engine.IO 4): over WebSocket, long polls, or both."""
