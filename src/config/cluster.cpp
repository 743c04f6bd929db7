// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.hpp"
#include "config/readable_file.hpp"
#include "config/sections.hpp"
#include "config/show.hpp"

#include <algorithm>
#include <unordered_map>

namespace troupe::config {

namespace {

constexpr size_t cluster_nodes_max = 15;

/// A path of a file, taken from the directory of the configuration file.
struct file_path {
  static constexpr std::string_view kind = "a path";
  std::string_view directory;
  parsed<std::string> operator()(std::string_view text) const {
    auto result = plain_text{}(text);
    if (text.empty())
      return expected{"the path of a file"};
    if (auto* path = std::get_if<std::string>(&result))
      if (!text.starts_with('/') && !directory.empty())
        *path = std::string{directory} + "/" + *path;
    return result;
  }
};

/// Not `${...}`: whoever counts votes must read the same names everywhere.
void read_name(const cursor& in, std::string& out) {
  if (in.written().find('$') != std::string_view::npos)
    in.problem("variables are not allowed here: every node must read the same "
               "name");
  else
    in.read(out, node_name{});
}

void read_address(const cursor& in, node_addresses mode, std::string& out) {
  const auto raw = in.written();
  if (mode == node_addresses::as_written
      && raw.find('$') != std::string_view::npos)
    out = raw;
  else
    in.read(out, node_address{});
}

void read_node(const cursor& in, node_addresses mode, node_settings& out) {
  static constexpr std::string_view keys[] = {"name", "address"};
  const map_cursor map{in, keys};
  if (const auto* name = map.require("name"))
    read_name(*name, out.name);
  if (const auto* address = map.require("address"))
    read_address(*address, mode, out.address);
}

/// @param what "name" or "address"; `of` gives it.
template <class Of>
void check_differ(const cursor& list, const std::vector<node_settings>& nodes,
                  std::string_view what, Of of) {
  std::unordered_map<std::string_view, size_t> first;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string& value = of(nodes[i]);
    if (value.empty())
      continue;
    const auto [known, fresh] = first.try_emplace(value, i);
    const auto place = list.at(i, what);
    if (!fresh && place)
      place->problem("got " + show(value) + ", already the " + std::string{what}
                     + " of " + list.path() + "["
                     + std::to_string(known->second) + "]; nodes must differ");
  }
}

void check_tls_file(const cursor& in, const std::string& path,
                    file_access who) {
  if (path.empty())
    return;
  if (const auto fault = check_file(path, who); !fault.empty())
    in.problem("got " + show(path) + ", " + fault);
}

void read_tls(const cursor& in, std::string_view directory, tls_settings& out) {
  static constexpr std::string_view keys[] = {"ca", "certificate", "key"};
  const map_cursor map{in, keys};
  const auto file = [&](std::string_view key, std::string& path,
                        file_access who) {
    if (const auto* value = map.require(key))
      if (value->read(path, file_path{directory})) {
        value->names_file();
        check_tls_file(*value, path, who);
      }
  };
  file("ca", out.ca, file_access::anyone);
  file("certificate", out.certificate, file_access::anyone);
  file("key", out.key, file_access::owner_only);
}

/// Links between nodes carry commands: whoever reaches them takes servers out.
void check_encryption(const cursor& in, const map_cursor& map,
                      const cluster_settings& settings) {
  const auto* insecure = map.find("insecure");
  if (settings.tls && settings.insecure)
    insecure->problem("got true beside tls; remove one of the two");
  else if (settings.insecure)
    insecure->warning("nodes talk to each other unencrypted, and anyone who "
                      "can reach cluster.listen can pose as a node");
  else if (!map.find("tls"))
    in.problem("nodes need certificates to trust each other; add `tls: {ca: "
               "..., certificate: ..., key: ...}`, or write `insecure: true` "
               "to run without them");
}

void check_listed(const cursor& list, const std::vector<node_settings>& nodes,
                  const std::string& node) {
  std::string names;
  for (const auto& one : nodes) {
    if (one.name == node || one.name.empty())
      return; // an unreadable name might be this node's
    names += (names.empty() ? "" : ", ") + one.name;
  }
  if (nodes.empty())
    return;
  list.problem("this node is " + show(node) + ", which is not listed; there "
               + (nodes.size() == 1 ? "is: " : "are: ") + names
               + "; say which one this is with --node NAME or TROUPE_NODE, or "
                 "add it");
}

} // namespace

std::vector<node_settings> read_nodes(const cursor& in, node_addresses mode) {
  std::vector<node_settings> result;
  const auto elements = in.list("a list of nodes", 1);
  if (elements.size() > cluster_nodes_max) {
    in.problem("got " + std::to_string(elements.size())
               + " nodes, expected at "
                 "most "
               + std::to_string(cluster_nodes_max));
    return result;
  }
  for (const auto& element : elements)
    read_node(element, mode, result.emplace_back());
  check_differ(
    in, result, "name", [](const auto& x) -> const auto& { return x.name; });
  check_differ(
    in, result, "address",
    [](const auto& x) -> const auto& { return x.address; });
  return result;
}

void read_cluster(const cursor& in, const own_node& self,
                  cluster_settings& out) {
  static constexpr std::string_view keys[] = {"name", "listen", "nodes", "tls",
                                              "insecure"};
  const map_cursor map{in, keys};
  if (map.empty())
    return;
  map.require("name", out.name, node_name{});
  map.require("listen", out.listen, listen_address{.unix_path = false});
  if (const auto* nodes = map.require("nodes")) {
    out.nodes = read_nodes(*nodes, node_addresses::expanded);
    if (self.must_be_listed)
      check_listed(*nodes, out.nodes, self.name);
  }
  if (const auto* tls = map.find("tls"))
    read_tls(*tls, self.directory, out.tls.emplace());
  map.read("insecure", out.insecure, boolean{});
  check_encryption(in, map, out);
}

} // namespace troupe::config
