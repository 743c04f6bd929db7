// SPDX-License-Identifier: BSD-3-Clause
// Loaded before libc into the daemon by tests/e2e/test_costs.py: counts, a
// thread each, what it allocates and the system calls it makes through libc.
// Counting costs one addition and keeps real time: no ptrace, no filter, no
// timing.
//
// TROUPE_COUNTS names a file that holds `slots` times five uint64_t: thread id,
// allocations, waits for events, other system calls, and of these the connects.

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

struct slot {
  uint64_t thread;
  uint64_t allocations;
  uint64_t waits;
  uint64_t calls;
  uint64_t connects;
};

constexpr size_t slots = 64;
slot* table = nullptr;
std::atomic<size_t> next_slot{0};
// Initial-exec: a lazily made thread-local would allocate, and recurse.
__attribute__((tls_model("initial-exec"))) thread_local slot* own = nullptr;

slot* mine() noexcept {
  if (own == nullptr && table != nullptr) {
    const auto index = next_slot.fetch_add(1, std::memory_order_relaxed);
    if (index >= slots)
      std::abort();
    own = &table[index];
    own->thread = static_cast<uint64_t>(::gettid());
  }
  return own;
}

void count_allocation() noexcept {
  if (auto* x = mine())
    ++x->allocations;
}

void count_wait() noexcept {
  if (auto* x = mine())
    ++x->waits;
}

void count_call() noexcept {
  if (auto* x = mine())
    ++x->calls;
}

void count_connect() noexcept {
  count_call();
  if (auto* x = mine())
    ++x->connects;
}

template <class F>
F* next(const char* name) noexcept {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

__attribute__((constructor)) void open_table() {
  const char* path = std::getenv("TROUPE_COUNTS");
  if (path == nullptr)
    return;
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0)
    std::abort();
  void* memory = ::mmap(nullptr, slots * sizeof(slot), PROT_READ | PROT_WRITE,
                        MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    std::abort();
  table = static_cast<slot*>(memory);
}

} // namespace

// The next function of that name, after counting.
#define COUNTED(COUNT, RESULT, NAME, PARAMETERS, ...)                          \
  RESULT NAME PARAMETERS {                                                     \
    static const auto real = next<RESULT PARAMETERS>(#NAME);                   \
    COUNT();                                                                   \
    return real(__VA_ARGS__);                                                  \
  }

#define CALL(RESULT, NAME, PARAMETERS, ...)                                    \
  COUNTED(count_call, RESULT, NAME, PARAMETERS, __VA_ARGS__)

extern "C" {

// dlsym() itself may call calloc(), which is therefore left alone, as is
// free().
COUNTED(count_allocation, void*, malloc, (size_t size), size)
COUNTED(count_allocation, void*, realloc, (void* p, size_t size), p, size)
COUNTED(count_allocation, void*, aligned_alloc, (size_t a, size_t size), a,
        size)

COUNTED(count_wait, int, epoll_wait,
        (int fd, epoll_event* events, int max, int timeout), fd, events, max,
        timeout)
CALL(int, epoll_ctl, (int fd, int op, int target, epoll_event* event), fd, op,
     target, event)
CALL(ssize_t, recv, (int fd, void* data, size_t size, int flags), fd, data,
     size, flags)
// What _FORTIFY_SOURCE makes of some.
CALL(ssize_t, __recv_chk,
     (int fd, void* data, size_t size, size_t room, int flags), fd, data, size,
     room, flags)
CALL(ssize_t, __read_chk, (int fd, void* data, size_t size, size_t room), fd,
     data, size, room)
CALL(ssize_t, recvmsg, (int fd, msghdr* message, int flags), fd, message, flags)
CALL(ssize_t, send, (int fd, const void* data, size_t size, int flags), fd,
     data, size, flags)
CALL(ssize_t, sendmsg, (int fd, const msghdr* message, int flags), fd, message,
     flags)
CALL(ssize_t, read, (int fd, void* data, size_t size), fd, data, size)
CALL(ssize_t, write, (int fd, const void* data, size_t size), fd, data, size)
CALL(ssize_t, readv, (int fd, const iovec* parts, int count), fd, parts, count)
CALL(ssize_t, writev, (int fd, const iovec* parts, int count), fd, parts, count)
CALL(ssize_t, splice,
     (int in, off64_t* from, int out, off64_t* to, size_t size, unsigned flags),
     in, from, out, to, size, flags)
CALL(int, accept4, (int fd, sockaddr* address, socklen_t* size, int flags), fd,
     address, size, flags)
CALL(int, socket, (int domain, int type, int protocol), domain, type, protocol)
COUNTED(count_connect, int, connect,
        (int fd, const sockaddr* address, socklen_t size), fd, address, size)
CALL(int, close, (int fd), fd)
CALL(int, shutdown, (int fd, int how), fd, how)
CALL(int, setsockopt,
     (int fd, int level, int name, const void* value, socklen_t size), fd,
     level, name, value, size)
CALL(int, getsockopt,
     (int fd, int level, int name, void* value, socklen_t* size), fd, level,
     name, value, size)
CALL(int, getsockname, (int fd, sockaddr* address, socklen_t* size), fd,
     address, size)
CALL(int, getpeername, (int fd, sockaddr* address, socklen_t* size), fd,
     address, size)
CALL(int, pipe2, (int* ends, int flags), ends, flags)
CALL(int, eventfd_read, (int fd, eventfd_t* value), fd, value)
CALL(int, eventfd_write, (int fd, eventfd_t value), fd, value)

} // extern "C"
