// ANeuralNetworksCompilation.
#pragma once

#include <memory>

#include "graph.h"
#include "program.h"
#include "status.h"

namespace passerelle::hostnn {

class Compilation {
 public:
  /// `for_devices`: made by createForDevices, with the one device there is.
  Compilation(std::shared_ptr<const Graph> graph, bool for_devices)
      : graph_(std::move(graph)), for_devices_(for_devices) {}

  Status set_preference(int32_t preference);
  Status set_priority(int priority);
  /// Compiling takes milliseconds here: the limit is checked and not enforced.
  Status set_timeout() const;
  /// Accepted; nothing is written. A device may have no cache files: there is nothing slow to keep.
  Status set_caching() const;
  Status finish();

  Status check_finished() const;
  bool for_devices() const { return for_devices_; }
  const Graph& graph() const { return *graph_; }
  const std::shared_ptr<const Graph>& shared_graph() const { return graph_; }
  const std::shared_ptr<const Program>& program() const { return program_; }

 private:
  Status check_unfinished() const;

  std::shared_ptr<const Graph> graph_;
  bool for_devices_;
  bool finished_ = false;
  std::shared_ptr<const Program> program_;
};

}  // namespace passerelle::hostnn
