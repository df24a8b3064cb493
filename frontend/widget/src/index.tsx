console.info('widget')
