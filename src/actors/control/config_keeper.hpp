// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "actors/runtime/hosted.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// Told of every reload, on the control loop. May be empty.
struct reload_watch {
  std::function<void()> began;
  std::function<void(const reload_result&)> ended;

  void begin() const {
    if (began)
      began();
  }
  void end(const reload_result& result) const {
    if (ended)
      ended(result);
  }
};

/// Where a configuration comes from.
struct config_source {
  std::string file; ///< as the operator wrote it, for messages
  /// Reads and checks the file. Blocks, so it runs by `run_blocking` only.
  std::function<config::loaded()> load;
  /// Runs a function once on the helper thread (rule 20).
  std::function<void(std::function<void()>)> run_blocking;
  reload_watch watch{};
};

/// `file` as read by config::load.
config_source
file_source(std::string file, std::string node,
            std::function<void(std::function<void()>)> run_blocking);

/// The configuration that is applied already when a config actor starts: by
/// main, or by the one before it.
struct running_config {
  std::shared_ptr<const troupe::settings> settings;
  uint64_t hash = 0; ///< 0 if unknown: the next load is applied, whatever it is
  uint64_t generation = 1;
  history_ptr history = {};
};

/// The config actor: turns "read the file again" into an applied generation, or
/// into all reasons why not, with the running one kept.
///
/// Requests that arrive while a load is under way share one more load after it:
/// what they saw in the file may be newer than what was read.
class config_keeper final
  : public hosted<config_actor::base, actor_kind::config> {
public:
  config_keeper(caf::actor_config& cfg, config_source source,
                supervisor_actor supervisor, metrics_actor metrics,
                running_config running);

  behavior_type make_behavior() override;
  void on_exit() override;

protected:
  std::string subject() const override { return source_.file; }

private:
  using settings_ptr = std::shared_ptr<const settings>;
  using promise = caf::typed_response_promise<reload_result>;

  // -- messages --
  caf::result<reload_result> reload(const reload_config& request);
  void loaded(const config_loaded& message);
  config_view describe() const;

  void start_load();
  void apply(const config_loaded& candidate);
  void applied(const config::loaded& candidate, const apply_settings& change,
               const apply_result& result);
  void lost(const caf::error& reason);
  void refuse(std::vector<std::string> problems);
  void finish(reload_result result);

  config_source source_;
  supervisor_actor supervisor_;
  metrics_actor metrics_;
  running_config running_;
  /// Grows with every number the supervisor may have used, so that no two
  /// configurations ever share one.
  uint64_t generation_next_;
  std::vector<std::string> last_problems_;
  std::string why_;              ///< the author of the load under way
  std::string why_later_;        ///< and of the one after it
  bool busy_ = false;            ///< a load or an apply is under way
  std::vector<promise> waiting_; ///< for its result
  std::vector<promise> later_;   ///< for that of the load after it
};

} // namespace troupe::actors
