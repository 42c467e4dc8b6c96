#pragma once

// Resident bytes of a process, once two readings 100 ms apart agree, or after 3 s.
long settled_resident_bytes(int process);
