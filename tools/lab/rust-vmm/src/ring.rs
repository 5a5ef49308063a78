// SPDX-License-Identifier: Apache-2.0
//! A driver of one split virtqueue (virtio 2.7). A chain is one descriptor, whose number is its buffer's.

use std::io::{Error, ErrorKind, Result};
use std::time::{Duration, Instant};

use vmm_sys_util::eventfd::EventFd;

use crate::memory::Region;

pub const SIZE: u16 = 64;
pub const BUFFER: usize = 2048;
const DEVICE_WRITES: u16 = 2;
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the three areas and the buffers are, in bytes of their regions.
pub struct Ring<'a> {
    rings: &'a Region,
    buffers: &'a Region,
    area: usize,
    first_buffer: usize,
    pub call: EventFd,
    pub kick: EventFd,
    pub err: EventFd,
    next_avail: u16,
    last_used: u16,
}

impl<'a> Ring<'a> {
    pub const AREA: usize = 4096;

    pub fn new(rings: &'a Region, buffers: &'a Region, number: usize) -> Result<Ring<'a>> {
        let area = number * Self::AREA;
        for offset in (area..area + Self::AREA).step_by(8) {
            rings.store(offset, 0u64);
        }
        Ok(Ring {
            rings,
            buffers,
            area,
            first_buffer: number * SIZE as usize * BUFFER,
            call: EventFd::new(libc::EFD_NONBLOCK)?,
            kick: EventFd::new(libc::EFD_NONBLOCK)?,
            err: EventFd::new(libc::EFD_NONBLOCK)?,
            next_avail: 0,
            last_used: 0,
        })
    }

    pub fn descriptors(&self) -> usize {
        self.area
    }

    pub fn avail(&self) -> usize {
        self.area + 16 * SIZE as usize
    }

    pub fn used(&self) -> usize {
        self.area + 2048
    }

    /// The number of buffers made available so far, which is also the base of a device that has used all of them.
    pub fn next_avail(&self) -> u16 {
        self.next_avail
    }

    /// Where a buffer is in the region of buffers.
    pub fn buffer(&self, number: u16) -> usize {
        self.first_buffer + number as usize * BUFFER
    }

    /// Makes one buffer available.
    pub fn offer(&mut self, number: u16, length: usize, device_writes: bool) -> Result<()> {
        let descriptor = self.area + 16 * number as usize;
        self.rings.store(descriptor, self.buffers.guest(self.buffer(number)));
        self.rings.store(descriptor + 8, length as u32);
        self.rings.store(descriptor + 12, if device_writes { DEVICE_WRITES } else { 0 });
        let avail = self.avail();
        self.rings.store(avail + 4 + 2 * (self.next_avail % SIZE) as usize, number);
        self.next_avail = self.next_avail.wrapping_add(1);
        // With EVENT_IDX the device calls for the next buffer that it uses (virtio 2.7.7.1).
        self.rings.store(avail + 4 + 2 * SIZE as usize, self.last_used);
        self.rings.store(avail + 2, self.next_avail);
        Ok(())
    }

    /// Notifies the device.
    pub fn kick(&self) -> Result<()> {
        self.kick.write(1)
    }

    /// The next used buffer and how many bytes the device has written, waited for by the call.
    pub fn take(&mut self) -> Result<(u16, usize)> {
        let deadline = Instant::now() + PATIENCE;
        let used = self.used();
        self.rings.store(self.avail() + 4 + 2 * SIZE as usize, self.last_used);
        while self.rings.load::<u16>(used + 2) == self.last_used {
            if self.err.read().is_ok() {
                return Err(Error::new(ErrorKind::Other, "the back-end signalled an error of the ring"));
            }
            if Instant::now() > deadline {
                return Err(Error::new(ErrorKind::TimedOut, "no buffer was used"));
            }
            self.wait()?;
        }
        let element = used + 4 + 8 * (self.last_used % SIZE) as usize;
        self.last_used = self.last_used.wrapping_add(1);
        Ok((self.rings.load::<u32>(element) as u16, self.rings.load::<u32>(element + 4) as usize))
    }

    fn wait(&self) -> Result<()> {
        use std::os::fd::AsRawFd;
        let mut poll = [
            libc::pollfd { fd: self.call.as_raw_fd(), events: libc::POLLIN, revents: 0 },
            libc::pollfd { fd: self.err.as_raw_fd(), events: libc::POLLIN, revents: 0 },
        ];
        // SAFETY: two entries, as it is told.
        if unsafe { libc::poll(poll.as_mut_ptr(), 2, PATIENCE.as_millis() as i32) } == 0 {
            return Err(Error::new(ErrorKind::TimedOut, "the back-end has not called"));
        }
        let _ = self.call.read();
        Ok(())
    }
}
