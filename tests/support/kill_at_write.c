/* Kills the session of a process at the n-th write to a file whose path ends in a given name.
 *
 * Preloaded into the process of a run. KILL_FILE is the end of the path, KILL_AT counts pwrite and ftruncate calls
 * from 1, KILL_COUNT names a file into which the number of such calls goes instead of any kill.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long seen;

static int is_the_file(int fd) {
  const char *wanted = getenv("KILL_FILE");
  char link[64], path[4096];
  if (!wanted) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  char *end = strstr(path, " (deleted)");
  if (end) *end = 0;
  size_t length = strlen(path), suffix = strlen(wanted);
  if (length > 5 && !strcmp(path + length - 5, ".part")) path[length -= 5] = 0;
  return length >= suffix && !strcmp(path + length - suffix, wanted) &&
         (length == suffix || path[length - suffix - 1] == '/');
}

/* Before the call: the writes up to the one before have reached the file, this one has not. */
static void look(int fd) {
  if (!is_the_file(fd)) return;
  long n = ++seen;
  const char *at = getenv("KILL_AT"), *count = getenv("KILL_COUNT");
  if (count) {
    FILE *file = fopen(count, "w");
    if (file) { fprintf(file, "%ld", n); fclose(file); }
  } else if (at && n == atol(at)) {
    kill(-getsid(0), SIGKILL);
    kill(getpid(), SIGKILL);
  }
}

ssize_t pwrite(int fd, const void *b, size_t n, off_t o) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite");
  look(fd);
  return real(fd, b, n, o);
}

ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  look(fd);
  return real(fd, b, n, o);
}

int ftruncate(int fd, off_t n) {
  static int (*real)(int, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "ftruncate");
  look(fd);
  return real(fd, n);
}

int ftruncate64(int fd, off64_t n) {
  static int (*real)(int, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "ftruncate64");
  look(fd);
  return real(fd, n);
}
