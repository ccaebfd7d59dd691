/* interrupt.h - the signals that end a command which has to end in order: what it began is removed,
 * programs that it started are stopped, the terminal's line is cleared.
 *
 *   interrupt_catch; steps, and between them interrupt_number: 0, go on; else end, with status 128 + number
 *
 * They are caught, not blocked: a library's own threads have a mask of their own, and a signal that one of
 * them took would end the process there and then.  Of the main thread only. */
#ifndef UI_INTERRUPT_H
#define UI_INTERRUPT_H

/* SIGINT, SIGTERM and SIGHUP are noted from now on, whichever thread gets them (a SIGHUP that
 * is ignored, as nohup does, stays so); none is yet. */
void interrupt_catch(void);
/* They do again what they did before interrupt_catch. */
void interrupt_restore(void);
/* The last that came since interrupt_catch; 0: none. */
int interrupt_number(void);

#endif
