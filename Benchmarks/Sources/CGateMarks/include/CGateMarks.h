#pragma once

// callgrind writes its counts each time this is entered: a phase ends, the next begins.
void gate_mark(void);

// One allocation, one system call and some thousand instructions, where GATE_WASTE is set: what each gate must notice.
void gate_waste(void);
