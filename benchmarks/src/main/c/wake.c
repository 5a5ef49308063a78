// SPDX-License-Identifier: Apache-2.0
/*
 * Measures how long this machine takes to wake a sleeping back-end: the minimum for the row round-trip of bench peer. One process on core 0
 * writes to shared memory and to an eventfd every 20 ms, as a guest's kick does, and polls for the answer; another on core 1 sleeps in
 * epoll and answers at once.
 *
 *     gcc -O2 -o wake wake.c && ./wake [ROUND TRIPS]
 *
 * Prints the median, and what 90 and 99 % do not exceed, in microseconds: of the round trip, and of the kick's system call alone.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL 20000000
/* A sleep usually ends less than this too late. */
#define SLACK 500000
#define WARM_UP 50

struct shared {
	_Alignas(64) _Atomic long asked;
	_Alignas(64) _Atomic long answered;
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void confine(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		perror("wake: sched_setaffinity");
		exit(1);
	}
}

static void back_end(struct shared *shared, int kick)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int epoll = epoll_create1(0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	confine(1);
	epoll_ctl(epoll, EPOLL_CTL_ADD, kick, &event);
	for (;;) {
		epoll_wait(epoll, &event, 1, -1);
		atomic_store(&shared->answered, atomic_load(&shared->asked));
	}
}

static int ascending(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left;
	int64_t b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

static void print(const char *what, int64_t *nanos, int count)
{
	qsort(nanos, count, sizeof(*nanos), ascending);
	printf("%-10s %.1f %.1f %.1f\n", what, nanos[count / 2] / 1e3, nanos[count * 9 / 10] / 1e3, nanos[count * 99 / 100] / 1e3);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 300;
	struct shared *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int kick = eventfd(0, EFD_NONBLOCK);
	int64_t *trips = calloc(count > 0 ? count : 1, sizeof(*trips));
	int64_t *kicks = calloc(count > 0 ? count : 1, sizeof(*kicks));
	const uint64_t one = 1;

	if (count < 1 || shared == MAP_FAILED || kick < 0 || trips == NULL || kicks == NULL) {
		fprintf(stderr, "usage: wake [ROUND TRIPS]\n");
		return 2;
	}
	if (fork() == 0)
		back_end(shared, kick);
	confine(0);
	for (int i = -WARM_UP; i < count; i++) {
		const struct timespec sleep = {.tv_nsec = INTERVAL - SLACK};
		int64_t due = now() + INTERVAL;
		int64_t begun, kicked, ended;

		nanosleep(&sleep, NULL);
		while (now() < due)
			;
		begun = now();
		atomic_store(&shared->asked, i + WARM_UP + 1);
		if (write(kick, &one, sizeof(one)) != sizeof(one))
			return 1;
		kicked = now();
		while (atomic_load(&shared->answered) != i + WARM_UP + 1)
			;
		ended = now();
		if (i >= 0) {
			trips[i] = ended - begun;
			kicks[i] = kicked - begun;
		}
	}
	print("round trip", trips, count);
	print("kick", kicks, count);
	return 0;
}
