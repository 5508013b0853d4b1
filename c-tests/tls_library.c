// A small library with a thread-local variable; a test loads many copies of it.
int tls_library_touch(void);

static __thread int value;

int tls_library_touch(void) { return ++value; }
