// The server's side of a connection of framed messages, over calls that block: raw C's, directly or through a relay.

#pragma once

// Answers each message as its first byte says, each answer by a call of its own, until the other end closes. Reads as the flags
// buffered and spin say. Closes the descriptor.
void serve_messages(int descriptor);
