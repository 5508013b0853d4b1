/* lockprof.h: what a program may say to liblockprof, if it is there.
 *
 * Nothing has to be linked: every function is weak, and calling one without the
 * library does nothing and returns LOCKPROF_ABSENT. Load the library with
 * LD_PRELOAD, with `lockprof run`, or link with -llockprof.
 *
 * All functions may be called from any thread at any time, but not from a
 * signal handler. None of them changes errno.
 */
#ifndef LOCKPROF_H
#define LOCKPROF_H

#ifdef __cplusplus
extern "C" {
#endif

#define LOCKPROF_DONE 0     /* done */
#define LOCKPROF_FAILED -1  /* not done; where the user can help, a line on standard error says why */
#define LOCKPROF_ABSENT -2  /* the library is not loaded */

#define LOCKPROF_WEAK __attribute__((weak))

/* Starts profiling, if it was switched off by LOCKPROF_ENABLED=0 or
 * lockprof_stop. Locks held at this moment are profiled from their next
 * acquisition on. LOCKPROF_FAILED when the profiler has switched itself off.
 *
 * A program may say in its own code how it wants to be profiled: it sets the
 * variables (setenv) and calls this before it starts its first thread. The first
 * call, made while there is one thread, that finds the environment changed takes
 * all options anew; but it starts, whatever LOCKPROF_ENABLED says. */
LOCKPROF_WEAK int lockprof_start(void);

/* Stops profiling: every call goes straight to the C library again. What was
 * recorded so far stays and is written by the next flush. */
LOCKPROF_WEAK int lockprof_stop(void);

/* Writes a profile of everything since the start of the process now, and
 * returns when it is written: LOCKPROF_FAILED if that failed or took more than
 * 10 seconds. With nothing recorded it writes nothing and returns LOCKPROF_DONE. */
LOCKPROF_WEAK int lockprof_flush(void);

/* Calls the lock at this address by a name of your own in every profile: a
 * terminated string, UTF-8, of which up to 200 bytes are kept; it is copied. The
 * name lasts until the lock is initialised anew; an empty one takes it away. LOCKPROF_FAILED when either
 * argument is null or there was no room to take the name. */
LOCKPROF_WEAK int lockprof_name_lock(const void *lock, const char *name);

/* A weak function that is absent has the address 0. */
#define lockprof_start() (lockprof_start ? lockprof_start() : LOCKPROF_ABSENT)
#define lockprof_stop() (lockprof_stop ? lockprof_stop() : LOCKPROF_ABSENT)
#define lockprof_flush() (lockprof_flush ? lockprof_flush() : LOCKPROF_ABSENT)
#define lockprof_name_lock(lock, name) \
    (lockprof_name_lock ? lockprof_name_lock((lock), (name)) : LOCKPROF_ABSENT)

#ifdef __cplusplus
}
#endif

#endif
