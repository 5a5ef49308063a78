// SPDX-License-Identifier: Apache-2.0
//! Guest memory that a back-end maps: a memfd, mapped here too.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{fence, Ordering};

use vhost::VhostUserMemoryRegionInfo;

/// One region. Its addresses are the guest's.
pub struct Region {
    file: File,
    start: u64,
    size: usize,
    mapped: *mut u8,
}

impl Region {
    /// A region of zeros.
    pub fn new(start: u64, size: usize) -> io::Result<Region> {
        let name = c"guest";
        // SAFETY: the name ends with a NUL; the result is checked before it is used.
        let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and has no other owner.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(size as u64)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping of a file that is as long; it is never unmapped.
        let mapped = unsafe { libc::mmap(std::ptr::null_mut(), size, access, libc::MAP_SHARED, fd, 0) };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Region { file, start, size, mapped: mapped.cast() })
    }

    /// The description that the crate sends to the back-end.
    pub fn info(&self) -> VhostUserMemoryRegionInfo {
        VhostUserMemoryRegionInfo {
            guest_phys_addr: self.start,
            memory_size: self.size as u64,
            userspace_addr: self.mapped as u64,
            mmap_offset: 0,
            mmap_handle: self.file.as_raw_fd(),
        }
    }

    /// Where an address of the guest is in the region.
    pub fn guest(&self, offset: usize) -> u64 {
        self.start + offset as u64
    }

    /// Its address in the front-end, for SET_VRING_ADDR.
    pub fn user(&self, offset: usize) -> u64 {
        self.mapped as u64 + offset as u64
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        assert!(offset + std::mem::size_of::<T>() <= self.size);
        // SAFETY: within the mapping.
        unsafe { self.mapped.add(offset).cast() }
    }

    /// Reads a number that the back-end may write; what it wrote before is seen afterwards.
    pub fn load<T: Copy>(&self, offset: usize) -> T {
        // SAFETY: within the mapping, and any bits are a number.
        let value = unsafe { self.at::<T>(offset).read_volatile() };
        fence(Ordering::SeqCst);
        value
    }

    /// Writes a number; what was written before is visible first.
    pub fn store<T: Copy>(&self, offset: usize, value: T) {
        fence(Ordering::SeqCst);
        // SAFETY: within the mapping.
        unsafe { self.at::<T>(offset).write_volatile(value) }
        fence(Ordering::SeqCst);
    }

    /// Copies bytes in.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.size);
        // SAFETY: within the mapping; the back-end reads it only after the next store.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.mapped.add(offset), bytes.len()) }
    }

    /// Copies bytes out.
    pub fn read(&self, offset: usize, length: usize) -> Vec<u8> {
        assert!(offset + length <= self.size);
        let mut bytes = vec![0; length];
        // SAFETY: within the mapping; the back-end has handed the buffer back.
        unsafe { std::ptr::copy_nonoverlapping(self.mapped.add(offset), bytes.as_mut_ptr(), length) }
        bytes
    }
}
