#include "passerelle/support/activity.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "passerelle/support/process_wide.h"

namespace passerelle {
namespace {

/// Text that is whole or cut, and ends in a 0, at any moment that the process may die.
template <size_t capacity>
struct Text {
  char bytes[capacity];

  void set(std::string_view text) {
    bytes[0] = 0;
    const size_t size = std::min(text.size(), capacity - 1);
    if (size > 1) std::memcpy(bytes + 1, text.data() + 1, size - 1);
    bytes[size] = 0;
    if (size > 0) bytes[0] = text[0];
  }
  std::string get() const { return {bytes, ::strnlen(bytes, capacity - 1)}; }
};

}  // namespace

struct ActivityPage {
  Text<1024> doing;
  Text<1024> at;
};

static ActivityPage*& page() { return process_wide().activities; }

void share_activities() {
  void* const memory = ::mmap(nullptr, sizeof(ActivityPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) page() = static_cast<ActivityPage*>(memory);
}

bool shares_activities() { return page() != nullptr; }

std::optional<Activity> last_activity() {
  if (!shares_activities() || page()->doing.get().empty()) return std::nullopt;
  return Activity{page()->doing.get(), page()->at.get()};
}

ActivityNote::ActivityNote(std::string_view doing) : outer_(last_activity()) {
  if (!shares_activities()) return;
  page()->at.set("");
  page()->doing.set(doing);
}

ActivityNote::~ActivityNote() {
  if (!shares_activities()) return;
  page()->doing.set(outer_ ? outer_->doing : "");
  page()->at.set(outer_ ? outer_->at : "");
}

void note_place(std::string_view at) {
  if (shares_activities()) page()->at.set(at);
}

}  // namespace passerelle
