// SPDX-License-Identifier: BSD-3-Clause

// Nanoseconds of processor time per pick while a second thread picks from the
// same snapshot, both taking and releasing leases. Prints one table; rule 40
// has the limits.
#include "core/balance.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace troupe;

constexpr std::array<std::pair<algorithm, const char*>, 6> algorithms{{
  {algorithm::round_robin, "round_robin"},
  {algorithm::weighted, "weighted"},
  {algorithm::least_connections, "least_connections"},
  {algorithm::ip_hash, "ip_hash"},
  {algorithm::random, "random"},
  {algorithm::p2c, "p2c"},
}};

constexpr std::array<unsigned, 4> sizes{3, 10, 100, 1000};

struct load {
  const char* name;
  bool mixed_weights;
  bool limited;             ///< servers have max_connections
  size_t leases_per_server; ///< held by each worker
};

constexpr std::array<load, 3> loads{{
  {"equal weights, nearly idle", false, false, 0},
  {"equal weights, limits, 8 in flight a server", false, true, 4},
  {"mixed weights, limits, 8 in flight a server", true, true, 4},
}};

backend_snapshot make_snapshot(unsigned size, const load& how) {
  backend_snapshot result;
  result.name = "bench";
  result.version = 1;
  for (unsigned i = 0; i < size; ++i) {
    server_route server;
    server.name = "server-" + std::to_string(i);
    server.name_hash = stable_hash(server.name);
    server.weight = how.mixed_weights ? 1 + i % 10 : 1;
    server.max_connections = how.limited ? 1000 : 0;
    server.live = std::make_shared<server_live>("bench", server.name, 2);
    result.servers.push_back(std::move(server));
    result.usable.push_back(i);
  }
  return result;
}

/// Picks, holding the last `held` leases, until `picks` are done or `stop`.
void work(policy& picker, const backend_snapshot& snapshot, size_t held,
          uint64_t picks, const std::atomic<bool>& stop) {
  std::vector<lease> leases(held + 1);
  size_t next = 0;
  uint64_t client = 0x9e3779b97f4a7c15ull;
  for (uint64_t i = 0; i < picks && !stop.load(std::memory_order_relaxed);
       ++i) {
    client = client * 6364136223846793005ull + 1442695040888963407ull;
    auto server = picker.pick(snapshot, {client, {}});
    leases[next] = lease{*snapshot.servers[server].live};
    next = next < held ? next + 1 : 0;
  }
}

/// This thread's processor time: what else runs on the machine must not count.
double cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9
       + static_cast<double>(now.tv_nsec);
}

double ns_per_pick(algorithm kind, unsigned size, const load& how) {
  constexpr uint64_t picks = 300'000;
  auto snapshot = make_snapshot(size, how);
  auto held = how.leases_per_server * size;
  std::atomic<bool> stop{false};
  std::thread other{[&] {
    auto picker = make_policy(kind, 1);
    work(*picker, snapshot, held, UINT64_MAX, stop);
  }};
  auto picker = make_policy(kind, 0);
  work(*picker, snapshot, held, picks / 10, stop);
  auto start = cpu_ns();
  work(*picker, snapshot, held, picks, stop);
  auto took = cpu_ns() - start;
  stop = true;
  other.join();
  return took / picks;
}

} // namespace

int main() {
  for (const auto& how : loads) {
    std::printf("\n%s: ns per pick, two threads\n%-18s", how.name, "servers");
    for (auto size : sizes)
      std::printf("%8u", size);
    for (auto [kind, name] : algorithms) {
      std::printf("\n%-18s", name);
      for (auto size : sizes)
        std::printf("%8.0f", ns_per_pick(kind, size, how));
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}
