#include "inputs.h"

#include "passerelle/graph/host_tensor.h"
#include "passerelle/verify/border.h"

namespace passerelle::runner {

Expected<std::vector<Buffer>> read_inputs(const std::string& model_path, const loader::Model& model,
                                          const std::vector<std::string>& paths) {
  const std::vector<passerelle_port_info> ports = model.inputs();
  if (paths.size() != ports.size()) {
    std::string names;
    for (const passerelle_port_info& port : ports) names += (names.empty() ? "" : ", ") + std::string(port.name);
    return Error{ErrorKind::usage, model_path + " takes " + std::to_string(ports.size()) + " inputs (" + names +
                                       "), and " + std::to_string(paths.size()) +
                                       " were given; give --input FILE.npy for each"};
  }
  std::vector<Buffer> buffers;
  for (size_t i = 0; i < ports.size(); ++i) {
    Expected<graph::HostTensor> tensor = graph::read_npy(paths[i]);
    if (!tensor) return tensor.error();
    Expected<Buffer> buffer = verify::to_buffer(*tensor, ports[i]);
    if (!buffer) return buffer.error();
    buffers.push_back(*std::move(buffer));
  }
  return buffers;
}

}  // namespace passerelle::runner
