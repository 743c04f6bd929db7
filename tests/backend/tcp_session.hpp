// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "pattern.hpp"
#include "session.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

/// What the server says in the TCP modes; all of them know half-close.
namespace test_server {

/// Echoes until the peer's FIN, then sends its own. With a greeting it speaks
/// first.
class tcp_echo : public session {
public:
  explicit tcp_echo(std::string greeting) : greeting_(std::move(greeting)) {}
  void on_open(wire& out) override { out.output() += greeting_; }
  size_t consume(std::string_view bytes, wire& out) override {
    out.output() += bytes;
    return bytes.size();
  }

private:
  std::string greeting_;
};

/// Reads to the peer's FIN, then says what it got, `LENGTH CRC`, and ends.
class tcp_sink : public session {
public:
  size_t consume(std::string_view bytes, wire&) override {
    sum_.add(bytes);
    return bytes.size();
  }
  void on_eof(wire& out) override {
    out.output() += fmt::format("{} {:08x}\n", sum_.length(), sum_.crc());
    out.finish();
  }

private:
  digest sum_;
};

/// Sends `size` bytes of the pattern and its FIN, and goes on reading: what
/// comes after is reported on standard output when the peer ends too.
class tcp_source : public session {
public:
  explicit tcp_source(uint64_t size) : size_(size) {}
  void on_open(wire& out) override { produce(out); }
  bool produce(wire& out) override {
    if (finished_)
      return false;
    auto piece = pattern(sent_, size_ - sent_);
    out.output() += piece;
    sent_ += piece.size();
    if (sent_ == size_) {
      finished_ = true;
      out.finish();
    }
    return true;
  }
  size_t consume(std::string_view bytes, wire&) override {
    sum_.add(bytes);
    return bytes.size();
  }
  void on_eof(wire&) override {
    fmt::print("received {} {:08x}\n", sum_.length(), sum_.crc());
    std::fflush(stdout);
  }

private:
  uint64_t size_;
  uint64_t sent_ = 0;
  bool finished_ = false;
  digest sum_;
};

} // namespace test_server
