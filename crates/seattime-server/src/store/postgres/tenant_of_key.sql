SELECT tenant FROM api_key WHERE hash = $1
