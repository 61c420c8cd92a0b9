/*
 * load: the processes that the benchmarks watch, small enough that 2,000 of them fit anywhere. Nothing here mines:
 * what computes runs a counter, and stops by itself within 90 s.
 *
 *   load population N PERCENT     N processes, PERCENT of them waking twice a second, the rest asleep
 *   load churn ALIVE BORN SECONDS births and deaths at a steady pace, ALIVE at any time
 *   load duty PERCENT SECONDS     one process that uses PERCENT of one core
 *   load keeper LIFE GAP SECONDS WORKER   (milliseconds, milliseconds, seconds) a worker that is started again and again
 *   load burn MS                  computes for MS milliseconds of wall time and ends
 *   load lives                    births with a chosen pid, as standard input asks:
 *                                   "born MS PID": a child that uses MS of CPU and sleeps; with the pid PID if not 0
 *                                   "dead PID":    ends it; prints the CPU it used in microseconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SECONDS = 90, SECOND = 1000000000 };

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static long long now(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (long long)t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(long long at)
{
	struct timespec t = {at / SECOND, at % SECOND};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* compute returns when the clock has reached end. */
static void compute(clockid_t id, long long end)
{
	volatile unsigned long x = 1;
	while (now(id) < end)
		for (int i = 0; i < 2000; i++)
			x = x * 6364136223846793005UL + 1;
}

static long number(const char *s, long least, long most)
{
	char *end;
	errno = 0;
	long n = strtol(s, &end, 10);
	if (errno || *end || end == s || n < least || n > most) {
		fprintf(stderr, "load: %s is not a number from %ld to %ld\n", s, least, most);
		exit(2);
	}
	return n;
}

/* born forks; the child dies with its parent and has a name of its own. */
static pid_t born(int i)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		char name[16];
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		snprintf(name, sizeof name, "idle-%02d", i % 60); /* a desktop runs some 60 different programs */
		prctl(PR_SET_NAME, name);
	}
	return pid;
}

static void rest(void)
{
	for (;;)
		pause();
}

static void wake_twice_a_second(int i)
{
	long long at = now(CLOCK_MONOTONIC) + (long long)(i * 37 % 500) * 1000000;
	for (;; at += SECOND / 2) {
		sleep_until(at);
		compute(CLOCK_PROCESS_CPUTIME_ID, now(CLOCK_PROCESS_CPUTIME_ID) + 20000);
	}
}

static void population(int n, int percent)
{
	for (int i = 0; i < n; i++) {
		if (born(i) != 0)
			continue;
		if ((i + 1) * percent / 100 != i * percent / 100)
			wake_twice_a_second(i);
		rest();
	}
	puts("ready");
	fflush(stdout);
	rest();
}

static void churn(int alive, long births, long seconds)
{
	pid_t *ring = calloc(alive, sizeof *ring);
	long long start = now(CLOCK_MONOTONIC);
	if (!ring)
		fail("calloc");
	for (long i = 0; i < alive + births; i++) {
		if (i == alive) {
			puts("ready");
			fflush(stdout);
			start = now(CLOCK_MONOTONIC);
		}
		if (i >= alive) {
			sleep_until(start + (i - alive) * (seconds * SECOND / births));
			kill(ring[i % alive], SIGKILL);
			waitpid(ring[i % alive], NULL, 0);
		}
		ring[i % alive] = born(i);
		if (ring[i % alive] == 0)
			rest();
	}
	printf("born %ld\n", births);
	fflush(stdout);
	rest();
}

static void duty(int percent, long seconds)
{
	const long long period = SECOND / 100;
	long long start = now(CLOCK_MONOTONIC), owed = now(CLOCK_PROCESS_CPUTIME_ID);
	for (long long i = 1; i * period < seconds * SECOND; i++) {
		owed += period * percent / 100;
		compute(CLOCK_PROCESS_CPUTIME_ID, owed);
		sleep_until(start + i * period);
	}
}

static void keeper(long life, long gap, long seconds, const char *worker)
{
	long long end = now(CLOCK_MONOTONIC) + seconds * SECOND;
	char ms[24];
	long lives = 0;
	struct rusage use;
	snprintf(ms, sizeof ms, "%ld", life);
	for (; now(CLOCK_MONOTONIC) < end; lives++) {
		pid_t pid = fork();
		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			execl(worker, worker, "burn", ms, (char *)NULL);
			fail(worker);
		}
		if (waitpid(pid, NULL, 0) != pid)
			fail("waitpid");
		sleep_until(now(CLOCK_MONOTONIC) + gap * 1000000LL);
	}
	getrusage(RUSAGE_CHILDREN, &use);
	printf("lives %ld cpu_us %lld\n", lives,
	       (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000LL + use.ru_utime.tv_usec + use.ru_stime.tv_usec);
	fflush(stdout);
	rest();
}

/* choose makes the kernel give pid to the next process of this pid namespace. */
static void choose(pid_t pid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%d", (int)pid - 1) < 0 || close(fd) != 0)
		fail("/proc/sys/kernel/ns_last_pid");
}

static pid_t live(long ms, pid_t wanted)
{
	static int nth; /* names the lives */
	nth++;
	for (int tries = 0; tries < 50; tries++) {
		if (wanted)
			choose(wanted);
		pid_t pid = born(nth);
		if (pid == 0) {
			if (wanted && getpid() != wanted)
				_exit(0);
			compute(CLOCK_PROCESS_CPUTIME_ID, ms * 1000000LL);
			rest();
		}
		if (!wanted || pid == wanted)
			return pid;
		waitpid(pid, NULL, 0); /* another process was quicker */
	}
	fprintf(stderr, "load: the pid %d could not be had again\n", (int)wanted);
	_exit(1);
}

static void lives(void)
{
	char line[80];
	long ms, pid;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "born %ld %ld", &ms, &pid) == 2 && ms >= 0 && ms < 10000) {
			printf("%d\n", (int)live(ms, pid));
		} else if (sscanf(line, "dead %ld", &pid) == 1) {
			struct rusage use;
			kill(pid, SIGKILL);
			if (wait4(pid, NULL, 0, &use) != pid)
				fail("wait4");
			printf("%lld\n", (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000LL + use.ru_utime.tv_usec +
						 use.ru_stime.tv_usec);
		} else {
			fprintf(stderr, "load: not understood: %s", line);
			exit(2);
		}
		fflush(stdout);
	}
}

int main(int n, char **a)
{
	const char *mode = n > 1 ? a[1] : "";
	if (!strcmp(mode, "population") && n == 4)
		population(number(a[2], 1, 100000), number(a[3], 0, 100));
	else if (!strcmp(mode, "churn") && n == 5)
		churn(number(a[2], 1, 100000), number(a[3], 1, 10000000), number(a[4], 1, 86400));
	else if (!strcmp(mode, "duty") && n == 4)
		duty(number(a[2], 1, 100), number(a[3], 1, MOST_SECONDS));
	else if (!strcmp(mode, "keeper") && n == 6)
		keeper(number(a[2], 1, 10000), number(a[3], 0, 10000), number(a[4], 1, MOST_SECONDS), a[5]);
	else if (!strcmp(mode, "burn") && n == 3)
		compute(CLOCK_MONOTONIC, now(CLOCK_MONOTONIC) + number(a[2], 0, 10000) * 1000000LL);
	else if (!strcmp(mode, "lives") && n == 2)
		lives();
	else {
		fprintf(stderr, "usage: load population|churn|duty|keeper|burn|lives ...\n");
		return 2;
	}
	return 0;
}
