// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "caf_test.hpp"
#undef allow // CAF's test kit takes the word: restart_limit has it, too

#include "actors/cluster/links.hpp"
#include "actors/runtime/control_scheduler.hpp"
#include "net/cluster/certificates.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// Writes down what happens to links.
struct recorded_events final : link_events {
  struct opening {
    uint64_t link = 0;
    std::string peer;
    bool dialled = false;
    std::string remote;
  };
  struct message {
    uint64_t link = 0;
    uint16_t kind = 0;
    uint16_t version = 0;
    std::string body;
  };

  void link_opened(uint64_t link, const std::string& peer, bool dialled,
                   const std::string& remote) override {
    opened.push_back({link, peer, dialled, remote});
  }
  void link_closed(uint64_t link, const std::string& reason) override {
    closed[link] = reason;
  }
  void link_received(uint64_t link, uint16_t kind, uint16_t version,
                     std::string body) override {
    bytes_received += body.size();
    ++messages;
    if (keep)
      received.push_back({link, kind, version, std::move(body)});
  }
  void dial_failed(const std::string&, const std::string& reason,
                   const std::string& refusal) override {
    failed_dials.push_back(reason);
    refusals_heard.push_back(refusal);
  }
  void link_refused(const std::string&, const std::string& reason,
                    uint64_t) override {
    refused.push_back(reason);
  }

  bool keep = true;
  std::vector<opening> opened;
  std::map<uint64_t, std::string> closed;
  std::vector<message> received;
  std::vector<std::string> failed_dials;
  std::vector<std::string> refusals_heard; ///< one a failed dial
  std::vector<std::string> refused;
  uint64_t messages = 0;
  uint64_t bytes_received = 0;
};

/// An actor system with links, as the daemon has it; the test runs its loop.
class linked_node {
public:
  explicit linked_node(link_settings settings)
    : system_(make_system(config_, loop_)) {
    settings.run_blocking = [](const std::function<void()>& work) { work(); };
    control_host(*system_).bind_thread();
    links = make_peer_links(*system_, loop_, control_host(*system_),
                            std::move(settings), events);
  }
  linked_node(const linked_node&) = delete;
  linked_node& operator=(const linked_node&) = delete;

  ~linked_node() {
    links->stop();
    while (control_host(*system_).size() > 0)
      turn();
    links = nullptr;
  }

  void turn() {
    // Nodes take turns on the test's thread.
    control_host(*system_).bind_thread();
    loop_.run_one_for(std::chrono::milliseconds{1});
    loop_.poll();
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(links->port());
  }
  caf::actor_system& system() { return *system_; }

  recorded_events events;
  std::unique_ptr<peer_links> links;

private:
  static std::unique_ptr<caf::actor_system>
  make_system(caf::actor_system_config& config, boost::asio::io_context& loop) {
    use_control_scheduler(config, loop);
    use_peer_links(config);
    return std::make_unique<caf::actor_system>(config);
  }

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    keep_running_ = boost::asio::make_work_guard(loop_);
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
};

/// Some nodes of one cluster on loopback, and their authority.
class linked_nodes {
public:
  linked_nodes() : authority{net::cluster::make_authority("test authority")} {
    files.write("ca", authority);
  }

  /// Certificate files for `node`, made now.
  net::cluster::certificate_files certify(const std::string& node) {
    files.write(
      node,
      net::cluster::make_signed(
        {.common_name = node, .alternative_names = "DNS:" + node}, &authority));
    return tls_of(node);
  }
  net::cluster::certificate_files tls_of(const std::string& name) const {
    return {files.file("ca.pem"), files.file(name + ".pem"),
            files.file(name + ".key")};
  }

  link_settings settings(const std::string& node) {
    auto read = net::cluster::read_identity(certify(node), node);
    CAF_REQUIRE(read.identity);
    return {node, "prod", "127.0.0.1:0", *read.identity, {}, {}};
  }

  /// Each knows lb1, lb2 and lb3.
  linked_node& add(link_settings settings) {
    auto& node =
      *nodes.emplace_back(std::make_unique<linked_node>(std::move(settings)));
    const auto problems = node.links->listen();
    CAF_CHECK_EQUAL(problems, std::vector<std::string>{});
    node.links->set_known({"lb1", "lb2", "lb3"}, {});
    return node;
  }
  linked_node& add(const std::string& name) { return add(settings(name)); }

  /// How much longer than usual everything may take: the thread sanitizer
  /// slows what passes through buffers down a lot.
#ifdef __SANITIZE_THREAD__
  static constexpr int slowness = 10;
#else
  static constexpr int slowness = 1;
#endif

  /// @returns false when `condition` does not hold within twenty seconds.
  template <class F>
  bool run_until(F&& condition) {
    const auto deadline = clock::now() + slowness * std::chrono::seconds{20};
    while (!condition()) {
      if (clock::now() > deadline)
        return false;
      for (auto& node : nodes)
        node->turn();
      if (attend)
        attend();
    }
    return true;
  }

  void run_for(milliseconds time) {
    const auto end = clock::now() + time;
    run_until([&] { return clock::now() >= end; });
  }

  /// Opens a link. @returns its number at the dialling and accepting side.
  std::pair<uint64_t, uint64_t> connect(linked_node& from, linked_node& to,
                                        const std::string& name) {
    const auto before = from.events.opened.size();
    const auto there = to.events.opened.size();
    from.links->dial(name, to.address());
    CAF_REQUIRE(run_until([&] {
      return from.events.opened.size() > before
          && to.events.opened.size() > there;
    }));
    return {from.events.opened.back().link, to.events.opened.back().link};
  }

  /// Dials and waits. @returns why it came to nothing.
  std::string fail_to_connect(linked_node& from, const std::string& address,
                              const std::string& name) {
    const auto before = from.events.failed_dials.size();
    from.links->dial(name, address);
    CAF_REQUIRE(
      run_until([&] { return from.events.failed_dials.size() > before; }));
    return from.events.failed_dials.back();
  }

  net::cluster::certificate_directory files;
  net::cluster::signed_key authority;
  std::vector<std::unique_ptr<linked_node>> nodes;
  std::function<void()> attend; ///< whatever else takes turns
};

} // namespace troupe::actors
