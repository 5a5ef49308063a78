// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/**
 * An interface of the host's kernel that a back-end or QEMU uses. A capability is relevant only if its interface is used: guests that are
 * only bridged to each other need none. Only QEMU uses the interfaces that do not concern network cards.
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
    /** Host devices are assigned to a guest with QEMU's virtio-iommu. */
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
     * Returns the name that messages for users contain.
     *
     * @return a noun for a sentence
     */
    public String title() {
        return title;
    }
}
