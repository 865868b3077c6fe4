//! What a link of a stack waits for once it is made.
