/* The header is C99, and its constants are what they seem. */
#include "passerelle/loader/passerelle.h"

/* A status is an int32_t wherever it is stored, and so is every other choice: sizes do not depend on a compiler. */
#define SAME_SIZE(type, member) typedef char member##_has_4_bytes[sizeof(((type*)0)->member) == 4 ? 1 : -1]
SAME_SIZE(passerelle_error, status);
SAME_SIZE(passerelle_model_info, weights);
SAME_SIZE(passerelle_port_info, buffer_dtype);
SAME_SIZE(passerelle_port_info, nnapi_layout);
SAME_SIZE(passerelle_device_info, type);

int passerelle_test_c_header(void);

int passerelle_test_c_header(void) {
  passerelle_compile_options options = PASSERELLE_COMPILE_OPTIONS_INIT;
  passerelle_model* model = NULL;
  passerelle_error error;
  if (passerelle_model_open_path("/nonexistent/file", &model, &error) != PASSERELLE_CANNOT_READ) return 1;
  if (error.status != PASSERELLE_CANNOT_READ || error.message[0] == 0) return 2;
  if (options.struct_size != sizeof options || options.device != NULL) return 3;
  passerelle_model_close(model);
  return 0;
}
