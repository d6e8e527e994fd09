"""What tests are written with: people, live servers, sockets and streams."""
