// SPDX-License-Identifier: BSD-3-Clause
#include "register_run.hpp"

#include <utility>

// What operators and their files ask for in a run.

namespace sim {

using namespace troupe::cluster::config_register;

register_run::shared_text register_run::text_with(node_list nodes) {
  shared_text x;
  x.text = "text " + std::to_string(++texts_);
  x.hash = "#" + std::to_string(texts_);
  x.nodes = std::move(nodes);
  return x;
}

uint64_t register_run::expect(const register_host& at, std::string hash,
                              bool voted) {
  const auto id = ++requests_;
  if (world_.traced())
    world_.trace(at.name(), "is asked " + std::to_string(id) + " " + hash);
  checker_.asked({id, at.name(), std::move(hash), voted});
  return id;
}

void register_run::ask() {
  if (faults_over())
    return;
  auto& x = any_host();
  if (x.running() && !x.paused()) {
    if (!x.committed()) {
      if (plan_.files_differ && world_.chance.per_mille(100))
        ask_to_form(x);
    } else if (world_.chance.per_mille(200)) {
      ask_by_file(x);
    } else {
      ask_to_apply(x);
    }
  }
  world_.after(world_.any(milliseconds{20}, milliseconds{1500}),
               [this] { ask(); });
}

void register_run::ask_to_apply(register_host& at) {
  auto& chance = world_.chance;
  const auto& current = *at.committed();
  propose x;
  x.by = {"operator", "because", 0};
  x.force = chance.per_mille(100);
  x.rebase = chance.per_mille(200);
  if (chance.per_mille(600))
    x.base = current.at.generation - (chance.per_mille(200) ? 1 : 0);
  // A text that was proposed before says nothing about who proposed it.
  const bool again = !past_texts_.empty() && chance.per_mille(150);
  if (again) {
    x.candidate = past_texts_[chance.below(past_texts_.size())];
    x.request = expect(at, {}, false);
  } else {
    const bool other_list = plan_.list_changes && chance.per_mille(300);
    x.candidate =
      text_with(other_list ? changed_by_one(current.nodes) : current.nodes);
    const bool repeated = chance.per_mille(300);
    if (repeated)
      past_texts_.push_back(x.candidate);
    x.request = expect(at, repeated ? "" : x.candidate.hash, true);
  }
  at.give(x);
}

void register_run::ask_by_file(register_host& at) {
  const auto text = text_with(at.committed()->nodes);
  at.edit_file(text);
  const auto id = expect(at, text.hash, true);
  at.give(file_changed{id, "troupe.yaml", text, {"root", "", 0}});
}

void register_run::ask_to_form(register_host& at) {
  const auto id = expect(at, {}, false);
  const auto& from = any_host();
  if (lists(from.file().nodes, from.name()))
    at.give(form{id, from.name(), {"operator", "", 0}});
  else
    at.give(form{id, at.name(), {"operator", "", 0}});
}

register_run::node_list register_run::changed_by_one(const node_list& x) {
  auto& chance = world_.chance;
  auto result = x;
  const auto place = chance.below(result.size());
  const size_t least = plan_.wipes ? 2 : 1;
  const auto what = chance.below(3);
  if (what == 0) {
    result[place].address += "0";
  } else if (what == 1 && result.size() > least) {
    result.erase(result.begin() + static_cast<std::ptrdiff_t>(place));
  } else {
    for (const auto& host : hosts_)
      if (!lists(result, host->name())) {
        result.push_back({host->name(), host->name() + ":7946"});
        break;
      }
  }
  return result;
}

} // namespace sim
