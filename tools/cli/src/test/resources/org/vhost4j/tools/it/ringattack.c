/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ringattack ADDRESS split|packed KIND: takes a virtio device from its driver (PCI address such as 0000:00:03.0), and makes something
 * available in one of its rings that no driver may. Runs in a guest, as root: the device's registers are mapped by sysfs, and where pages of
 * this process are in the guest's memory is in /proc/self/pagemap. Says "attacked" once the device was notified; of kind 200, which breaks
 * no rule that may stop the device, "returned" once the buffer was used. A child keeps the rings in memory: the next attack resets the device.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { QUEUES = 2, SIZE = 256, PAGE = 4096, NEXT = 1, WRITE = 2, INDIRECT = 4, AVAIL = 1 << 7, USED = 1 << 15, RECEIVE = 100, RETURNED = 200 };

/* What features 0 to 31, and those from 32 on, are called here. */
enum { INDIRECT_DESC = 1 << 28, EVENT_IDX = 1 << 29, VERSION_1 = 1 << 0, RING_PACKED = 1 << 2 };

struct desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct packed_desc {
    uint64_t address;
    uint32_t length;
    uint16_t id;
    uint16_t flags;
};

/* Virtio 1.4 section 4.1.4.3. */
struct common {
    uint32_t device_feature_select, device_feature, driver_feature_select, driver_feature;
    uint16_t config_msix_vector, num_queues;
    uint8_t device_status, config_generation;
    uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
    uint32_t queue_desc[2], queue_driver[2], queue_device[2];
};

static char *address;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int file(const char *name, int how) {
    char path[200];
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/%s", address, name);
    int fd = open(path, how);
    if (fd < 0)
        die(path);
    return fd;
}

static uint64_t physical(void *page) {
    uint64_t entry;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)page / PAGE * 8) != 8 || !(entry & 1ULL << 63))
        die("pagemap");
    close(fd);
    return (entry & ((1ULL << 55) - 1)) * PAGE;
}

/* Finds a structure by its vendor-specific capability. */
static volatile uint8_t *structure(int config, int kind, uint32_t *multiplier) {
    uint8_t at, cap[20];
    if (pread(config, &at, 1, 0x34) != 1)
        die("config");
    while (at) {
        if (pread(config, cap, sizeof cap, at) != sizeof cap)
            die("capability");
        if (cap[0] == 9 && cap[3] == kind) {
            uint32_t offset;
            char name[20];
            memcpy(&offset, cap + 8, 4);
            memcpy(multiplier, cap + 16, 4);
            snprintf(name, sizeof name, "resource%d", cap[4]);
            int fd = file(name, O_RDWR | O_SYNC);
            uint8_t *bar = mmap(NULL, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            if (bar == MAP_FAILED)
                die(name);
            return bar + offset;
        }
        at = cap[1];
    }
    fprintf(stderr, "no structure %d\n", kind);
    exit(1);
}

/* Fills a split ring and its available ring; returns 0 for an unknown kind. */
static int attack_split(int kind, volatile struct desc *desc, volatile uint16_t *avail, uint64_t buffer) {
    uint16_t head = 0, index = 1;
    desc[0] = (struct desc){buffer, 100, 0, 0};
    switch (kind) {
    case 0: head = 0x7fff; break;
    case 1: index = 5000; break;
    case 2: desc[0] = (struct desc){buffer, 100, NEXT, 0}; break;
    case 3: desc[0].address = -4096ULL; break;
    case 4: desc[0].address = 1ULL << 40; break;
    case 5: desc[0] = (struct desc){buffer, 17, INDIRECT, 0}; break;
    case 6: desc[0].length = -1; break;
    case 7: desc[0].flags = WRITE; break;
    /* Read when a frame comes. */
    case RECEIVE: desc[0] = (struct desc){1ULL << 40, 2000, WRITE, 0}; break;
    default: return 0;
    }
    avail[2] = head;
    __sync_synchronize();
    avail[1] = index;
    return 1;
}

/* Fills a packed ring and its driver area; the first descriptor becomes available last. Returns 0 for an unknown kind. */
static int attack_packed(int kind, volatile struct packed_desc *desc, volatile uint16_t *event, uint64_t buffer) {
    uint16_t flags = AVAIL;
    desc[0] = (struct packed_desc){buffer, 100, 0, 0};
    switch (kind) {
    case 0: flags |= NEXT; break;
    case 1:
        for (int i = 1; i < SIZE; i++)
            desc[i] = (struct packed_desc){buffer, 1, 0, AVAIL | NEXT};
        flags |= NEXT;
        break;
    case 2: desc[0].address = -4096ULL; break;
    case 3: desc[0].address = 1ULL << 40; break;
    case 4:
        desc[0].length = 17;
        flags |= INDIRECT;
        break;
    case 5:
        desc[0].length = 16;
        flags |= INDIRECT | NEXT;
        break;
    case 6:
        desc[0].length = 16;
        desc[0].address = 1ULL << 40;
        flags |= INDIRECT;
        break;
    case 7:
        desc[1] = (struct packed_desc){buffer, 16, 0, AVAIL | INDIRECT};
        flags |= NEXT;
        break;
    case 8: desc[0].length = -1; break;
    case 9: flags |= WRITE; break;
    /* Read when a frame comes. */
    case RECEIVE:
        desc[0] = (struct packed_desc){1ULL << 40, 2000, 0, 0};
        flags |= WRITE;
        break;
    /* A frame as it should be, and an event area with a position outside of the ring, and then with reserved flags. */
    case RETURNED:
        event[0] = 0x7fff;
        event[1] = 2;
        break;
    case RETURNED + 1:
        event[0] = 0xffff;
        event[1] = 0xffff;
        break;
    default: return 0;
    }
    __sync_synchronize();
    desc[0].flags = flags;
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    address = argv[1];
    int packed = !strcmp(argv[2], "packed");
    int kind = atoi(argv[3]);
    char path[200];
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver/unbind", address);
    int unbind = open(path, O_WRONLY);
    if (unbind >= 0 && write(unbind, address, strlen(address)) < 0)
        die(path);
    if (write(file("enable", O_WRONLY), "1", 1) < 0) {
        /* It is enabled already. */
    }
    int config = file("config", O_RDWR);
    uint16_t command = 6;
    if (pwrite(config, &command, 2, 4) != 2)
        die("command");
    uint32_t multiplier, unused;
    volatile struct common *common = (volatile void *)structure(config, 1, &unused);
    volatile uint8_t *notify = structure(config, 2, &multiplier);

    common->device_status = 0;
    while (common->device_status)
        ;
    common->device_status = 1;
    common->device_status = 3;
    uint32_t offered;
    common->device_feature_select = 0;
    offered = common->device_feature;
    uint32_t wanted = VERSION_1 | (packed ? RING_PACKED : 0);
    common->device_feature_select = 1;
    if (wanted & ~common->device_feature) {
        fprintf(stderr, "not offered: 0x%x of 0x%x\n", wanted & ~common->device_feature, wanted);
        return 1;
    }
    common->driver_feature_select = 0;
    common->driver_feature = offered & (INDIRECT_DESC | (packed ? EVENT_IDX : 0));
    common->driver_feature_select = 1;
    common->driver_feature = wanted;
    common->device_status = 11;
    if (!(common->device_status & 8))
        die("features");

    uint8_t *memory = mmap(NULL, QUEUES * 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
    if (memory == MAP_FAILED)
        die("memory");
    memset(memory, 0, QUEUES * 4 * PAGE);
    uint16_t offset[QUEUES];
    for (int q = 0; q < QUEUES; q++) {
        uint64_t at[3];
        for (int i = 0; i < 3; i++)
            at[i] = physical(memory + (q * 4 + i) * PAGE);
        common->queue_select = q;
        common->queue_size = SIZE;
        common->queue_desc[0] = at[0];
        common->queue_desc[1] = at[0] >> 32;
        common->queue_driver[0] = at[1];
        common->queue_driver[1] = at[1] >> 32;
        common->queue_device[0] = at[2];
        common->queue_device[1] = at[2] >> 32;
        offset[q] = common->queue_notify_off;
        common->queue_enable = 1;
    }
    int q = kind == RECEIVE ? 0 : 1;
    uint8_t *ring = memory + q * 4 * PAGE;
    uint64_t buffer = physical(ring + 3 * PAGE);
    if (!(packed ? attack_packed(kind, (void *)ring, (void *)(ring + PAGE), buffer)
                 : attack_split(kind, (void *)ring, (void *)(ring + PAGE), buffer)))
        return 2;
    __sync_synchronize();
    common->device_status = 15;
    *(volatile uint16_t *)(notify + offset[q] * multiplier) = q;
    volatile struct packed_desc *first = (volatile void *)ring;
    for (int i = 0; kind >= RETURNED && !(first->flags & USED); i++) {
        if (i == 10000)
            return 1;
        usleep(1000);
    }
    puts(kind >= RETURNED ? "returned" : "attacked");
    fflush(stdout);
    /* The rings have to stay until the device has read them. */
    if (!fork()) {
        close(0);
        close(1);
        close(2);
        sleep(60);
    }
    return 0;
}
