// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/run.hpp"
#include "ctl/top/live_screen.hpp"

#include <boost/json/parse.hpp>

#include <deque>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::ctl {

/// A node that answers from a script, and a world whose clock moves when
/// somebody waits.
class scripted_node {
public:
  /// What `call`, such as "GET /v1/status", is answered next. The last answer
  /// to a call is given again and again.
  void answers(const std::string& call, unsigned status, std::string text) {
    script_[call].push_back({status, std::move(text)});
  }

  /// `call` is sent, and the node ends or is silent.
  void loses(const std::string& call, exit_code code) { lost_[call] = code; }

  /// Runs troupectl with these words.
  int operator()(std::vector<std::string> words) {
    words.insert(words.begin(), "troupectl");
    std::vector<const char*> argv;
    for (const auto& x : words)
      argv.push_back(x.c_str());
    std::ostringstream out_stream;
    std::ostringstream err_stream;
    surroundings world{out_stream,
                       err_stream,
                       shown_on,
                       progress_on,
                       [this](const std::string& path) {
                         socket = path;
                         return std::make_unique<door>(*this);
                       },
                       [this](milliseconds time) { time_ += time; },
                       [this] { return time_; },
                       [this](const std::string& question) {
                         asked = question;
                         return typed;
                       },
                       open_screen};
    calls.clear();
    const auto code = run(static_cast<int>(argv.size()), argv.data(), world);
    out = out_stream.str();
    err = err_stream.str();
    return static_cast<int>(code);
  }

  /// As if somebody had waited for so long.
  void passes(milliseconds time) { time_ += time; }

  std::function<std::unique_ptr<top::live_screen>(bool coloured)> open_screen;
  screen shown_on;
  screen progress_on;
  std::string out;
  std::string err;
  std::string socket;
  std::vector<std::string> calls;   ///< with their bodies
  std::optional<std::string> typed; ///< by who watches, if somebody does
  std::string asked;

private:
  struct scripted {
    unsigned status;
    std::string text;
  };

  class door : public node_api {
  public:
    explicit door(scripted_node& of) : of_(of) {}
    answer call(const request& what) override { return of_.give(what); }

  private:
    scripted_node& of_;
  };

  answer give(const request& what) {
    const auto call = what.method + ' ' + what.path;
    calls.push_back(what.body.empty() ? call : call + ' ' + what.body);
    if (const auto lost = lost_.find(call); lost != lost_.end())
      throw no_answer{lost->second, "trouped gave no answer"};
    auto found = script_.find(call);
    if (found == script_.end())
      throw failure{exit_code::failed, "nothing scripted for " + call};
    auto& left = found->second;
    const auto next = left.front();
    if (left.size() > 1)
      left.pop_front();
    return {next.status, next.text, boost::json::parse(next.text).as_object()};
  }

  std::map<std::string, std::deque<scripted>> script_;
  std::map<std::string, exit_code> lost_;
  time_point time_{};
};

} // namespace troupe::ctl
