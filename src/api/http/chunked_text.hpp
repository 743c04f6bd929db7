// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::admin {

/// A long text in pieces, each in pages of its own: they go back to the system
/// at once with the last that holds them, which an allocator would not promise.
/// One thread at a time.
class chunked_text {
public:
  static constexpr size_t piece_bytes = size_t{256} * 1024;

  /// Pages that are full, or the last ones of a text.
  class piece {
  public:
    piece(); ///< @throws std::bad_alloc
    ~piece();
    piece(const piece&) = delete;
    piece& operator=(const piece&) = delete;

    std::string_view text() const noexcept { return {data_, size_}; }

  private:
    friend class chunked_text;
    char* data_;
    size_t size_ = 0;
  };
  using piece_ptr = std::shared_ptr<const piece>;

  void append(std::string_view text) {
    if (text.size() > room_)
      return append_across(text);
    if (text.empty())
      return; // it may point nowhere
    std::memcpy(last_->data_ + last_->size_, text.data(), text.size());
    last_->size_ += text.size();
    room_ -= text.size();
    size_ += text.size();
  }

  size_t size() const noexcept { return size_; }

  /// @returns the piece of that number, null behind the last one.
  piece_ptr at(size_t number) const {
    return number < pieces_.size() ? pieces_[number] : nullptr;
  }

  /// Takes it from those who still read it: each may keep the piece it is at.
  void withdraw() {
    pieces_.clear();
    last_ = nullptr;
    room_ = 0;
    withdrawn_ = true;
  }
  bool withdrawn() const noexcept { return withdrawn_; }

private:
  void append_across(std::string_view text);

  std::vector<std::shared_ptr<piece>> pieces_;
  piece* last_ = nullptr;
  size_t room_ = 0; ///< in the last one
  size_t size_ = 0;
  bool withdrawn_ = false;
};

/// A text that is made in slices, so that nothing waits for the whole of it.
class text_source {
public:
  virtual ~text_source() = default;

  /// Adds a few milliseconds' worth. @returns whether there is more.
  virtual bool write_some(chunked_text& to) = 0;
};

} // namespace troupe::admin
