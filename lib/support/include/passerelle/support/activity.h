// What a process does with a file that nobody trusts, written where its supervisor can read it after its death.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace passerelle {

/// Innermost last: reading or running a file, and what of it.
struct Activity {
  std::string doing;  ///< "reading model.pt"
  std::string at;     ///< "aten::conv2d (model.py line 12)"; may be empty
};

/// From here on what ActivityNotes say is in memory that child processes share. To be called before they are made.
void share_activities();

/// What was being done when the process that wrote it ended; nothing where it was at work of its own.
std::optional<Activity> last_activity();

/// While it lives, this is what the process is doing. Of one thread: notes of others would be mixed up with it. Costs a
/// copy of short strings.
class ActivityNote {
 public:
  explicit ActivityNote(std::string_view doing);
  ~ActivityNote();
  ActivityNote(const ActivityNote&) = delete;
  ActivityNote& operator=(const ActivityNote&) = delete;

 private:
  std::optional<Activity> outer_;
};

/// Whether anybody would read what is noted.
bool shares_activities();

/// What of the activity it is at, until the next such call or the note's end.
void note_place(std::string_view at);

}  // namespace passerelle
