// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/**
 * A way in which a back-end uses its kernel. A capability matters only to a back-end that uses the kernel that way:
 * guests that are bridged to each other need nothing of it. The uses that have nothing to do with network cards are
 * QEMU's alone.
 */
public enum HostUse {
    /** Frames cross a TAP interface. */
    TAP("a TAP port"),
    /** Frames cross the kernel's own vhost-net. */
    VHOST_NET("vhost-net"),
    /** Guests run on the kernel's KVM, on an x86 processor. */
    KVM("KVM"),
    /** Guests run on the kernel's KVM, on an ARM processor. */
    KVM_ARM("KVM on ARM"),
    /** A guest's sockets use the kernel's vhost-vsock. */
    VHOST_VSOCK("vhost-vsock"),
    /** Disks of a guest are served by the kernel's vhost-scsi. */
    VHOST_SCSI("vhost-scsi"),
    /** Devices of the host's are passed to a guest that has QEMU's virtio-iommu. */
    VIRTIO_IOMMU("virtio-iommu"),
    /** Guest memory is fetched during a postcopy migration. */
    POSTCOPY("postcopy migration"),
    /** Frames cross an AF_XDP socket. */
    AF_XDP("an AF_XDP port"),
    /** Input and output are queued with io_uring. */
    IO_URING("io_uring");

    private final String title;

    HostUse(String title) {
        this.title = title;
    }

    /**
     * Its name for users.
     *
     * @return a noun for a sentence
     */
    public String title() {
        return title;
    }
}
