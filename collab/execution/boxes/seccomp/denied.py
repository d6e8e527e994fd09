"""The names of the system calls that are denied whatever their arguments."""

from __future__ import annotations

PROCESS_CALLS = (
    "fork vfork ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise"
)
NAMESPACE_CALLS = "unshare setns chroot pivot_root mount umount umount2 move_mount open_tree fsopen"
MOUNT_CALLS = "fsconfig fsmount fspick mount_setattr name_to_handle_at open_by_handle_at"
SHARED_MEMORY_CALLS = "memfd_create memfd_secret shmget shmat shmctl shmdt vmsplice"
QUEUE_CALLS = "semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink"
RING_CALLS = "io_uring_setup io_uring_enter io_uring_register"
KERNEL_CALLS = "bpf perf_event_open userfaultfd keyctl add_key request_key seccomp personality"
MEMORY_POLICY = "mbind set_mempolicy get_mempolicy migrate_pages move_pages process_mrelease"
MACHINE_CALLS = (
    "reboot kexec_load kexec_file_load init_module finit_module delete_module syslog acct"
)
CLOCK_CALLS = "settimeofday stime clock_settime clock_adjtime adjtimex sethostname setdomainname"
DEVICE_CALLS = "swapon swapoff quotactl quotactl_fd iopl ioperm modify_ldt fanotify_init vhangup"
#: Calls that use kernel memory without bound, and calls that make everybody wait for the disk.
KERNEL_MEMORY = "inotify_init inotify_init1 inotify_add_watch"
DISK_CALLS = "sync syncfs"
OLD_CALLS = "lookup_dcookie nfsservctl uselib ustat sysfs _sysctl afs_syscall vserver create_module"

DENIED_CALLS = " ".join(
    (
        *(
            PROCESS_CALLS,
            NAMESPACE_CALLS,
            MOUNT_CALLS,
            SHARED_MEMORY_CALLS,
            QUEUE_CALLS,
            RING_CALLS,
        ),
        *(
            KERNEL_CALLS,
            MEMORY_POLICY,
            MACHINE_CALLS,
            CLOCK_CALLS,
            DEVICE_CALLS,
            KERNEL_MEMORY,
            DISK_CALLS,
            OLD_CALLS,
        ),
    )
).split()
