// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/node_identity.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/node_id.hpp>

#include <algorithm>
#include <random>
#include <string>

namespace troupe::actors {

namespace {

using random_id = caf::node_id::default_data;

class identity_module final : public caf::actor_system::module {
public:
  explicit identity_module(caf::actor_system& system) : system_(system) {}

  /// Comes after the I/O module has set its kind of identity and before that
  /// module's start(), which takes a copy: modules run in the order of their
  /// ids. There is no setter, but the member behind node() is mutable.
  void init(caf::actor_system_config&) override {
    std::random_device source;
    random_id::host_id_type host;
    for (auto& byte : host)
      byte = static_cast<uint8_t>(source());
    const_cast<caf::node_id&>(system_.node()) =
      caf::make_node_id(source(), host);
  }
  void start() override {}
  void stop() override {}
  /// A place that CAF 0.17 reserves and does not use.
  id_t id() const override { return network_manager; }
  void* subtype_ptr() override { return this; }

private:
  caf::actor_system& system_;
};

} // namespace

void use_random_identity(caf::actor_system_config& config) {
  config.module_factories.emplace_back(
    [](caf::actor_system& system) -> caf::actor_system::module* {
      return new identity_module{system};
    });
}

net::cluster::basp_node identity_of(const caf::actor_system& system) {
  const auto& id = static_cast<const random_id&>(*system.node());
  auto result = net::cluster::basp_node::random(); // for the tag in front
  auto at = result.bytes.end();
  for (size_t n = random_id::host_id_size; n > 0; --n)
    *--at = static_cast<char>(id.host_id()[n - 1]);
  for (unsigned shift = 0; shift < 32; shift += 8)
    *--at = static_cast<char>(id.process_id() >> shift);
  return result;
}

} // namespace troupe::actors
