// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/**
 * A way in which a back-end uses the host's kernel. A capability is relevant only for back-ends that use the kernel in
 * that way: guests that are only bridged to each other need none. Uses other than for network cards are those of QEMU
 * only.
 */
public enum HostUse {
    /** Frames pass through a TAP interface. */
    TAP("a TAP port"),
    /** Frames pass through the kernel's vhost-net. */
    VHOST_NET("vhost-net"),
    /** Guests run on the kernel's KVM, on an x86 processor. */
    KVM("KVM"),
    /** Guests run on the kernel's KVM, on an ARM processor. */
    KVM_ARM("KVM on ARM"),
    /** A guest's sockets use the kernel's vhost-vsock. */
    VHOST_VSOCK("vhost-vsock"),
    /** Disks of a guest are served by the kernel's vhost-scsi. */
    VHOST_SCSI("vhost-scsi"),
    /** Devices of the host are passed to a guest with QEMU's virtio-iommu. */
    VIRTIO_IOMMU("virtio-iommu"),
    /** Guest memory is fetched during a postcopy migration. */
    POSTCOPY("postcopy migration"),
    /** Frames pass through an AF_XDP socket. */
    AF_XDP("an AF_XDP port"),
    /** I/O requests are queued with io_uring. */
    IO_URING("io_uring");

    private final String title;

    HostUse(String title) {
        this.title = title;
    }

    /**
     * Returns its name for users.
     *
     * @return a noun for a sentence
     */
    public String title() {
        return title;
    }
}
